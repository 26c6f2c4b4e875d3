"""Does work wait, and for whom?"""
