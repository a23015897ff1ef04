"""Personas: those that are brought, those that a person makes, and what they change."""

from __future__ import annotations

import msgspec
import pytest

from assistant.errors import PersonaNotFound
from assistant.personas import LONGEST_INSTRUCTIONS, Persona, PersonaLibrary
from assistant.settings import ModelSettings


@pytest.fixture
def personas(tmp_path):
    return PersonaLibrary(tmp_path / "personas")


def test_a_librarian_who_answers_only_from_the_documents_is_brought(personas):
    librarian = personas.get("librarian")
    assert (librarian.documents, librarian.own) == ("only", False)
    brought = personas.list()
    assert len(brought) >= 4
    # Each can be told from the others, and tells the model something.
    assert len({each.name for each in brought}) == len(brought)
    assert all(each.about and each.instructions for each in brought)


def test_a_persona_is_kept_changed_and_removed(personas, tmp_path):
    made = personas.save(
        Persona(
            "",
            "  Tax   adviser ",
            instructions="\nName the paragraph.\n",
            temperature=0.1,
            top_p=0.8,
            min_p=0.1,
            seed=7,
        )
    )
    assert (made.id, made.name, made.own) == ("tax-adviser", "Tax adviser", True)
    again = PersonaLibrary(tmp_path / "personas")
    assert again.get("tax-adviser") == made
    assert made.sampling == ModelSettings(temperature=0.1, top_p=0.8, min_p=0.1, seed=7)
    assert again.list()[-1] == made
    twin = personas.save(Persona("", "Tax adviser"))
    assert twin.id == "tax-adviser-2"
    personas.remove(made.id)
    assert made.id not in {each.id for each in personas.list()}
    with pytest.raises(PersonaNotFound):
        personas.get(made.id)


def test_one_that_was_changed_comes_back_as_it_was_brought(personas):
    brought = personas.get("librarian")
    personas.save(msgspec.structs.replace(brought, instructions="Be loud."))
    assert personas.get("librarian").instructions == "Be loud."
    personas.remove("librarian")
    assert personas.get("librarian") == brought
    with pytest.raises(PersonaNotFound):
        personas.remove("librarian")


def test_a_file_that_makes_no_sense_takes_nobody_else_away(personas, tmp_path):
    personas.save(Persona("", "Tax adviser"))
    folder = tmp_path / "personas"
    (folder / "broken.toml").write_text("name = [", encoding="utf-8")
    (folder / "odd.toml").write_text('name = "Odd"\ndocuments = "some"\n', encoding="utf-8")
    own = [each.id for each in personas.list() if each.own]
    assert own == ["tax-adviser"]


@pytest.mark.parametrize("name", ["Übersetzerin", "../../etc/passwd", "律师", "CON: *?"])
def test_any_name_gives_a_file_of_its_own_in_the_folder(personas, tmp_path, name):
    made = personas.save(Persona("", name))
    assert personas.get(made.id).name == name
    [file] = (tmp_path / "personas").iterdir()
    assert file.name == f"{made.id}.toml"


def test_nameless_or_endless_personas_are_refused(personas):
    with pytest.raises(ValueError, match="name"):
        personas.save(Persona("", "  "))
    with pytest.raises(ValueError, match="instructions"):
        personas.save(Persona("", "A", instructions="x" * (LONGEST_INSTRUCTIONS + 1)))
