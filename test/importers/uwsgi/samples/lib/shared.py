# What both apps may import.
