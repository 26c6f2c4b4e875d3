"""Does the plan still say something true about dates?"""
