"""From the answers of several teachers to one: who is right about which tag, and who abstains."""
