"""What a good plan is and how it is found."""
