"""What the library says of a document in a line."""

from __future__ import annotations

import msgspec
import pytest

from desktop.views.library_wording import facts_of
from indexing.types import DocumentRow

pytestmark = pytest.mark.gui

LEASE = DocumentRow(1, "/papers/lease.pdf", "lease", "pdf", 12, 40, "ready", None, 10, None, None)


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("", "12 pages · 40 passages"),
        ("de", "12 pages · 40 passages · German"),
        ("ja", "12 pages · 40 passages · Japanese"),
        ("xzz", "12 pages · 40 passages · xzz"),
    ],
)
def test_a_document_says_its_language(qapp, code, facts):
    assert facts_of(LEASE, language=code) == facts


def test_a_mail_says_what_is_attached_to_it(qapp):
    mail = msgspec.structs.replace(LEASE, path="/papers/then.eml", kind="eml", pages=None)
    facts = [facts_of(msgspec.structs.replace(mail, attachments=count)) for count in (None, 1, 3)]
    assert facts == [
        "lease · 40 passages",
        "lease · 1 attachment · 40 passages",
        "lease · 3 attachments · 40 passages",
    ]
