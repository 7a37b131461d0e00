"""How Segue is set up and run; knows processes, ports and folders, and nothing about music."""
