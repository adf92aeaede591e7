"""Shared by the scripts that test and those that measure."""
