#include "sluice/cli/terminal.hpp"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(Terminal, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"NAME"}, {"COUNT", true}, {"NOTE"}});
  table.add({std::string("a"), std::string("1"), std::string("")});
  table.add({std::string("longer"), std::string("1 234 567"), std::string("see below")});
  EXPECT_EQ(table.text(false),
            "NAME        COUNT  NOTE\n"
            "a               1\n"
            "longer  1 234 567  see below\n");
}

TEST(Terminal, AnEmptyCellKeepsItsPlace) {
  Table table({{"A"}, {"B", true}, {"C"}});
  table.add({std::string("x"), std::string(""), std::string("y")});
  table.add({std::string(""), std::string("22"), std::string("")});
  EXPECT_EQ(table.text(false),
            "A   B  C\n"
            "x      y\n"
            "   22\n");
}

TEST(Terminal, ColourChangesNoWidth) {
  Table table({{"A"}, {"B"}});
  table.add({Table::Cell("x", Colour::Red), std::string("y")});
  EXPECT_EQ(table.text(true), "\033[1mA\033[0m  \033[1mB\033[0m\n\033[1;31mx\033[0m  y\n");
}

TEST(Terminal, TextOfOthersCannotSteerTheTerminal) {
  EXPECT_EQ(painted("a\033[2Jb\n\x7f", Colour::None, false), "a?[2Jb??");
}

TEST(Terminal, NumbersAreShort) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1 000");
  EXPECT_EQ(grouped(1234567), "1 234 567");
  EXPECT_EQ(short_seconds(0), "0");
  EXPECT_EQ(short_seconds(0.00042), "0.42ms");
  EXPECT_EQ(short_seconds(0.0081), "8.1ms");
  EXPECT_EQ(short_seconds(0.00996), "10ms");
  EXPECT_EQ(short_seconds(0.04), "40ms");
  EXPECT_EQ(short_seconds(0.9996), "1.00s");
  EXPECT_EQ(age(-1), "0s");
  EXPECT_EQ(age(59.9), "59s");
  EXPECT_EQ(age(200), "3m20s");
  EXPECT_EQ(age(18180), "5h03m");
  EXPECT_EQ(age(187200), "2d04h");
  EXPECT_EQ(percent(0.75), "75%");
  EXPECT_EQ(percent(0.005), "0.5%");
  EXPECT_EQ(percent(0.748), "74.8%");
  EXPECT_EQ(percent(0.1), "10%");
  EXPECT_EQ(percent(0.999), "99.9%");
}

TEST(Terminal, LittleIsNotNothingAndNearlyAllIsNotAll) {
  EXPECT_EQ(percent(0), "0%");
  EXPECT_EQ(percent(-1e-15), "0%");
  EXPECT_EQ(percent(1e-6), "<0.01%");
  EXPECT_EQ(percent(0.0001), "0.01%") << "the least weight of a step";
  EXPECT_EQ(percent(0.0004), "0.04%");
  EXPECT_EQ(percent(0.003), "0.3%");
  EXPECT_EQ(percent(0.9996), "99.96%");
  EXPECT_EQ(percent(0.9999), "99.99%");
  EXPECT_EQ(percent(1 - 1e-6), ">99.99%");
  EXPECT_EQ(percent(0.1 + 0.2 + 0.3 + 0.4 - 1e-16), "100%");
  EXPECT_EQ(percent(1), "100%");
}

TEST(Terminal, SymbolsAreForLocalesThatHaveThem) {
  const auto with = [](const char* all, const char* ctype, const char* lang) {
    setenv("LC_ALL", all, 1);
    setenv("LC_CTYPE", ctype, 1);
    setenv("LANG", lang, 1);
    return wants_unicode();
  };
  EXPECT_TRUE(with("", "", "de_DE.UTF-8"));
  EXPECT_TRUE(with("", "C.utf8", "C"));
  EXPECT_FALSE(with("C", "C.UTF-8", "de_DE.UTF-8")) << "the first that is set decides";
  EXPECT_FALSE(with("", "", ""));
}

TEST(Terminal, ACellThatIsReadyKeepsItsColours) {
  Table table({{"A"}, {"B"}});
  table.add({std::string("x"), Table::Cell::ready("\033[32my\033[0m")});
  EXPECT_EQ(table.text(false), "A  B\nx  \033[32my\033[0m\n");
}

}  // namespace
}  // namespace sluice::cli
