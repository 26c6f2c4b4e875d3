"""Can the data be judged at all?"""
