"""`python -m tests.docs`: writes what is made of the source: pages, the set of codes, the index of the commands."""

from tests.docs import codes_module, command_index, configuration_page, errors_page, events_page, metrics_page

for page in (configuration_page, errors_page, events_page, metrics_page, codes_module, command_index):
    page.PATH.write_text(page.render())
    print(page.PATH)
