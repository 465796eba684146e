"""The desk: cancellation in a registry that people operate by web form.

Orders become applications; a named person carries each out, irreversibly, and copies the registry's notice; only a notice that
says exactly what was asked confirms anything. This package is the thinking of it, without tables and pages.
"""
