"""Code that the tests share: servers, processes, factories, clients."""
