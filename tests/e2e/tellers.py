"""The code of handlers to be run by hand: they show what a handler can do, and fail in every way."""

TELLER = '''
import time
from typing import Literal
from pydantic import BaseModel, HttpUrl, SecretStr
from receiver.api import Done, Rejected, RetryLater, Skipped, handler


class Options(BaseModel):
    url: HttpUrl
    token: SecretStr
    mood: Literal["well", "later", "reject", "bug", "nonsense", "slow", "blocks"] = "well"


@handler("teller", options=Options, timeout=0.5)
async def teller(change, ctx):
    """Tells somebody."""
    match ctx.options.mood:
        case "later":
            return RetryLater(3600, "come back")
        case "reject":
            return Rejected("never")
        case "bug":
            raise RuntimeError(f"the token {ctx.options.token.get_secret_value()} is odd")
        case "nonsense":
            return "fine"
        case "slow":
            import asyncio
            await asyncio.sleep(9)
        case "blocks":
            time.sleep(0.3)
    ctx.log.info("telling", token=ctx.options.token.get_secret_value(), link=await ctx.reconnect_link())
    reply = await ctx.http.post(
        str(ctx.options.url),
        headers={"X-Teller": ctx.options.token.get_secret_value()},
        json={"status": change.connection.status, "before": change.previous_status,
              "owner": change.connection.workflow_owner_email, "password": "hush-hush-password",
              "link": await ctx.reconnect_link(),
              "extra": str(change.connection.connection_magic_link_secret)},
    )
    reply.raise_for_status()
    ctx.memory["told"] = await ctx.once("note", note)
    return Done("page-7")


async def note():
    return str("noted")
'''
FORM = '''
from receiver.api import Done, handler


@handler("form")
async def form(change, ctx):
    """Posts a form, and a mail."""
    ctx.log.info("beside", company=len(await ctx.company_connections(change.connection.company.id)))
    await ctx.http.post("https://form.example/x?token=hush-hush-query", data={"a": "1", "b": "two words"})
    await ctx.outside("mail", {"to": "jo.doe@acme.example", "text": "one\\ntwo"}, send, instead=None)
    return Done()


async def send():
    raise AssertionError("sent in earnest")
'''
PICKY = """
from pydantic import BaseModel, HttpUrl, field_validator
from receiver.api import Done, handler


class Options(BaseModel):
    code: str
    url: HttpUrl

    @field_validator("code")
    @classmethod
    def known(cls, code):
        assert code == "acme-7", "is not known"
        return code


@handler("picky", options=Options)
async def picky(change, ctx):
    return Done(ctx.options.code)
"""
LOST = "import json\n\nimport no_such_module_anywhere\n"
