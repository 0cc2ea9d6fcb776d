"""Work that a server does for the command line: the same output, files and exit codes as here."""
