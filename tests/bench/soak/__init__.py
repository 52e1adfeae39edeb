"""A daemon at work for half an hour, with everything around it failing at random: what it holds levels off."""
