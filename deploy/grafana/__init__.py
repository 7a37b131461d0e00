"""Grafana: what it is provisioned with, and the program that writes its dashboard."""
