"""Every way in: the command line and, later, HTTP. No mathematics."""
