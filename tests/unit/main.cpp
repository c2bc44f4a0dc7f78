// The runner of all unit tests; each other file here tests the part of the house that its name says.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
