"""What an instance, a plan and a job are. No solver, no HTTP."""
