"""The command line ``stockpile``. Nothing heavy is imported before a command runs."""

from api.cli.app import main, run

__all__ = ["main", "run"]
