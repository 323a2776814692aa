// BullMQ: the same jobs. `node bullmq_jobs.js fill NUMBER` enqueues them, `node bullmq_jobs.js work` does them.
// REDIS_URL says where; NODE_PATH, where the packages are.
const { Queue, Worker } = require('bullmq')
const IORedis = require('ioredis')

const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null })

async function fill(number) {
  const queue = new Queue('bench', { connection })
  for (let start = 0; start < number; start += 500) {
    const some = Array.from({ length: Math.min(500, number - start) }, () => ({ name: 'nothing', data: {} }))
    await queue.addBulk(some)
  }
  await queue.close()
  connection.disconnect()
}

function work() {
  new Worker('bench', async () => {}, { connection, concurrency: 100 })
}

const [what, number] = process.argv.slice(2)
if (what === 'fill') fill(Number(number))
else work()
