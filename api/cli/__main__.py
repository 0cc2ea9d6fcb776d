"""``python -m api.cli`` is ``stockpile``."""

from api.cli.app import main

if __name__ == "__main__":
    main()
