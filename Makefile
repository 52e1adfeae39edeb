# Every target calls what .ci/run calls.

.PHONY: env test sweep attacks package units property search schema lint types layers docs floors bench ci

env test sweep attacks package units property search schema lint types layers docs floors bench:
	.ci/check $@

ci:
	.ci/run
