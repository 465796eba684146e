"""The work of the desk: people who carry out applications in a registry's form, and copy its notices."""
