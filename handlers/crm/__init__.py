"""What the CRM handlers have in common: a company's record shows how its connections stand.

`figures` counts, `desk` sees to it that the last write is right, `delivery` is the handler; a CRM brings
an adapter (`crm.Crm`) and its options.
"""

from handlers.crm.crm import Answer, BusyError, Crm, MissingError, RefusedError, one_by_one
from handlers.crm.delivery import CHANGED, bring_up_to_date
from handlers.crm.desk import Ask, Desk
from handlers.crm.figures import Customer, Figures, Standing
from handlers.crm.options import CrmOptions

__all__ = [
    "CHANGED",
    "Answer",
    "Ask",
    "BusyError",
    "Crm",
    "CrmOptions",
    "Customer",
    "Desk",
    "Figures",
    "MissingError",
    "RefusedError",
    "Standing",
    "bring_up_to_date",
    "one_by_one",
]
