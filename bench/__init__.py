"""What is measured: each module is one benchmark and prints its figures as the last line, in JSON."""
