"""The story of Parley and its words: from a message heard to a report sent."""
