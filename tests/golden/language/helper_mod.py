"""A module for import tests."""
print("helper_mod runs")
VALUE = 1
_private = 2
exported = "yes"
__all__ = ["exported", "double"]
def double(x): return x * 2
def read(): return VALUE
class Thing: pass
