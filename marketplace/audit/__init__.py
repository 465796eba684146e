"""Who did what when: a record that only grows, and acts that need two people."""
