"""The arithmetic of the concept pages, a module a concept: what a formula says, computed with numpy on few numbers.

It is apart from the code that trains. There a network is fast and long; here it is as short as its formula, and every
intermediate value is kept to be shown. Tests hold it equal to Keras. A page uses the module of its own concept;
concept.py is the table of them and imports a concept only when it is asked for.
"""
