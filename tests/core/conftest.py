"""Property tests of pure code: no deadline, because a busy machine is no fault of theirs."""

from hypothesis import settings

settings.register_profile("pure", deadline=None, max_examples=60)
settings.load_profile("pure")
