"""The wire formats that several libraries speak. A dialect is a set of readers; a library's module picks from them."""
