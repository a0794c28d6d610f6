"""Tables and their transactions, a module per noun. The database decides who; everything else only wakes up."""
