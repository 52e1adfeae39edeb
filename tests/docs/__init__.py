"""The documentation, held to the code: links, tables, code blocks, and the pages that are generated from the code."""
