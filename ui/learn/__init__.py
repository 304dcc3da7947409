"""The pieces of the concept pages.

page.Lab is the frame of each: head, controls in the address, steps, question, snippet. The numbers come from core/lab;
a module here named as a concept draws the figures of that page alone.
"""
