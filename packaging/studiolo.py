"""Sets Studiolo up in this checkout and runs it.

    python packaging/studiolo.py run      sets up what is missing, then opens Studiolo
    python packaging/studiolo.py test     runs the tests
    python packaging/studiolo.py check    runs ruff, pyright and import-linter
    python packaging/studiolo.py bench    runs one of tests/benchmarks

This file has to be readable by any Python, so that an old one can be told that it is too old;
everything else is in the modules beside it.
"""

import sys

OLDEST = (3, 11)


def main():
    """Check the Python that runs this, then hand over to setup_cli."""
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "Studiolo needs Python %d.%d or newer and this is Python %d.%d: install a newer one "
            "(https://www.python.org/downloads) and run this script with it, for example "
            "'python3.12 packaging/studiolo.py run'.\n" % (OLDEST + tuple(sys.version_info[:2]))
        )
        return 1
    from setup_cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
