"""The languages that texts are told to be in."""

from __future__ import annotations

from contextlib import closing

import pytest

from indexing.catalog import Catalog
from indexing.database import connect
from indexing.language import Languages, language_of
from indexing.types import Block, CanonicalDocument
from tests.library import put_document

TEXTS = {
    "en": "The monthly rent is 940 euros and is due on the third working day of each month.",
    "de": "Die monatliche Miete beträgt 940 Euro und ist am dritten Werktag jeden Monats fällig.",
    "nl": "De maandelijkse huur bedraagt 940 euro en moet op de derde werkdag worden betaald.",
    "fr": "Le loyer mensuel est de 940 euros et doit être payé le troisième jour ouvrable.",
    "ja": "月の家賃は九百四十ユーロで、毎月三日に支払われます。犬は飼えません。",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_tells_its_language(code):
    assert language_of(TEXTS[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lease",
        "940 1,200 33 2026 17 5 12 88 4711",
        "def main(x): return [y for y in x if y]",
        " ".join(f"{n * 2654435761 % 2**32:08x}-{n * 40503 % 65536:04x}" for n in range(60)),
    ],
)
def test_what_is_no_running_text_tells_none(text):
    assert language_of(text) is None


def test_each_text_is_looked_at_once_and_goes_with_its_document(data_dir):
    def put(name, text):
        document = CanonicalDocument(name, "text", text, (Block(0, len(text), "paragraph"),))
        return put_document(data_dir, document, f"/papers/{name}.txt")

    # A title page in another language does not hide what the text is in.
    lease = put("lease", "Lease of the flat\n\n" + " ".join([TEXTS["de"]] * 90))
    numbers = put("numbers", "1 2 3")
    with closing(connect(data_dir)) as connection, closing(Catalog(data_dir)) as catalog:
        assert catalog.languages() == {}
        languages = Languages(connection)
        assert list(languages.catch_up()) == [lease, numbers]
        assert list(languages.catch_up()) == []
        assert catalog.languages() == {lease: "de"}
        connection.execute("DELETE FROM documents WHERE id = ?", (lease,))
        assert catalog.languages() == {}
        assert connection.execute("SELECT count(*) FROM languages").fetchone()[0] == 1
