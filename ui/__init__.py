"""The pieces of the screens, in folders of the same names as those in pages/.

A page in pages/ is a short script that is read from top to bottom; whatever is longer or is used twice lies here.
Nothing in core imports this package. A folder of one family is used by the pages of that family alone; what several
families share lies in widgets, what surrounds all screens in shell.
"""
