"""Has the scope moved?"""
