"""How well a planner understands: requests with what is expected of each, asked through hub and planner, judged and summed up.

Called by `parley eval`. Nothing is executed and no target is opened.
"""
