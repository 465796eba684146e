"""Rows by the values of their columns, as certificates/rows.py finds, writes and changes them."""

from certificates.rows import Joined, change, delete, find, find_all, find_joined, get, insert, insert_missing

__all__ = ["Joined", "change", "delete", "find", "find_all", "find_joined", "get", "insert", "insert_missing"]
