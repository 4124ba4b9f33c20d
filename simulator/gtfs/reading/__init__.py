"""Reading a feed's files: the zip, the rules of its tables, and which rows and trips are left out."""
