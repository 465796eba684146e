"""The methods of each category, one file per kind of activity.  A method turns one row into lines; it never chooses itself."""
