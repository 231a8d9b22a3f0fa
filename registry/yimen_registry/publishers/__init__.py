"""Publishers 开发者: who may put mini-apps in, and who acts for them."""
