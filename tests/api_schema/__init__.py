"""schemathesis over the live document: `.ci/check schema` runs it, in an environment that has schemathesis."""
