"""Pages for people, and the scripts that write the generated ones."""
