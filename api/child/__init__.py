"""The child process of a job: one run, with limits of the operating system."""
