"""`python -m tests.docs`: writes the pages, and the set of codes, that are made of the source."""

from tests.docs import codes_module, configuration_page, errors_page

for page in (configuration_page, errors_page, codes_module):
    page.PATH.write_text(page.render())
    print(page.PATH)
