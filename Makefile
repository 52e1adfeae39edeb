# Every target calls what .ci/run calls.

.PHONY: env test sweep property schema lint types layers docs bench ci

env test sweep property schema lint types layers docs bench:
	.ci/check $@

ci:
	.ci/run
