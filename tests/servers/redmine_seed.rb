# Makes what the tests need in a new Redmine, and prints the keys of its users. Run by `rails runner`.
require "json"

ActiveRecord::Base.connection.execute("PRAGMA synchronous = OFF")
ActiveRecord::MigrationContext.new(Rails.root.join("db/migrate").to_s, ActiveRecord::SchemaMigration).migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)
Redmine::DefaultData::Loader.load("en")
Setting.rest_api_enabled = "1"
Setting.login_required = "1"

def user(login, **more)
  user = User.new(firstname: login.capitalize, lastname: "Example", mail: "#{login}@example.com", language: "en", **more)
  user.login = login
  user.password = user.password_confirmation = SecureRandom.hex(12)
  user.save!
  user
end

def project(identifier)
  made = Project.new(name: identifier.capitalize, identifier: identifier, is_public: false)
  made.enabled_module_names = ["issue_tracking"]
  made.trackers = Tracker.sorted.to_a
  made.save!
  made
end

def join(user, project, role)
  Member.create!(principal: user, project: project, roles: [role])
end

router_role = Role.new(name: "Router", issues_visibility: "all")
router_role.permissions = [:view_issues, :add_issues, :edit_issues, :add_issue_notes, :view_members]
router_role.save!
WorkflowTransition.copy(nil, Role.find_by(name: "Manager"), Tracker.all.to_a, [router_role])
reader_role = Role.new(name: "Reader", issues_visibility: "all", permissions: [:view_issues])
reader_role.save!
stuck_role = Role.new(name: "Stuck", issues_visibility: "all", permissions: router_role.permissions)
stuck_role.save! # without a workflow

utilities, archive, secret = %w[utilities archive secret].map { |name| project(name) }
IssueCategory.create!(project: utilities, name: "Logins")
key_field = IssueCustomField.create!(
  name: "Nectar key", field_format: "string", is_filter: true, is_for_all: false, trackers: Tracker.all.to_a
)
unsearchable = IssueCustomField.create!(
  name: "Not a filter", field_format: "string", is_filter: false, is_for_all: false, trackers: Tracker.all.to_a
)
[key_field, unsearchable].each { |field| [utilities, archive].each { |each| each.issue_custom_fields << field } }

router, reader, stuck, anna = %w[router reader stuck anna].map { |login| user(login) }
admin = user("chief", admin: true)
join(router, utilities, router_role)
join(router, archive, reader_role)
join(reader, utilities, reader_role)
join(stuck, utilities, stuck_role)
join(anna, utilities, Role.find_by(name: "Developer"))

keys = { router: router, reader: reader, stuck: stuck, admin: admin }.transform_values(&:api_key)
File.write(ENV.fetch("SEEDED"), keys.merge(key_field: key_field.id).to_json)
