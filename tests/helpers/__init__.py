"""What several rooms' tests share: fakes, a platform on a manual clock, and ways to wait without sleeping."""
