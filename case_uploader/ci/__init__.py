"""The CI of a case: does every part of it come out as it should, and would its checks see a fault?"""
