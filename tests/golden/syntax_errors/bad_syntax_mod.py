def fine(): pass
x = = 2
