"""What the tests share: servers, processes, factories, clients."""
