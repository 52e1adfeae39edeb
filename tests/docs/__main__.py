"""`python -m tests.docs`: writes the pages that are made of the source."""

from tests.docs import configuration_page, errors_page

for page in (configuration_page, errors_page):
    page.PATH.write_text(page.render())
    print(page.PATH)
