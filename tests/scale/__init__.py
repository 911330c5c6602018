"""One market on seven hosts: `make scale`. Hosts are Linux network namespaces on this machine."""
